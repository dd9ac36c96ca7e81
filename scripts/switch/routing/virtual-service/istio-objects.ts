import type { DestinationRule, Subset, VirtualService } from '../../../shared/kubernetes.ts';

export interface IstioObjects {
  /** The one that holds the routes. */
  virtualService: VirtualService;
  /** Those that delegate to it. */
  roots: readonly VirtualService[];
  destinationRule: DestinationRule;
  /** Which of them are not there yet: the first change of one makes it, as it is given here. */
  missing?: { virtualService?: boolean; destinationRule?: boolean } | undefined;
  /** The version that pods without a version label are: its name, and what else tells them. */
  plain?: Subset | undefined;
}
