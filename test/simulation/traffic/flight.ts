/** One request under way: sent by a proxy, being worked on in a pod. */
export interface Flight {
  /** Who sent it, for a person. */
  readonly from: string;
  /** The pod stopped before it had answered. */
  cut(why: string): void;
}
