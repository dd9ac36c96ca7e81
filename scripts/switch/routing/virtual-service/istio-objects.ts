import type { DestinationRule, Subset, VirtualService } from '../../../shared/kubernetes.ts';

export interface IstioObjects {
  /** The VirtualService with the routes. */
  virtualService: VirtualService;
  /** The VirtualServices that delegate to it. */
  roots: readonly VirtualService[];
  destinationRule: DestinationRule;
  /** Which of them do not exist yet: the first change of one creates it as it is given here. */
  missing?: { virtualService?: boolean; destinationRule?: boolean } | undefined;
  /** The subset of pods without a version label, with the label that selects them. */
  plain?: Subset | undefined;
}
