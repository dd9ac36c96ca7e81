import type { DestinationRule, VirtualService } from '../../../shared/kubernetes.ts';

export interface IstioObjects {
  /** The one that holds the routes. */
  virtualService: VirtualService;
  /** Those that delegate to it. */
  roots: readonly VirtualService[];
  destinationRule: DestinationRule;
}
