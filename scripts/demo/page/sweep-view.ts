/** What the chart of losses over lag draws. */
export interface SweepView {
  lagsMs: number[];
  approaches: {
    id: string;
    title: string;
    points: { lagMs: number; lost: number; sent: number }[];
    /** On a real cluster, the least and the most of its runs. */
    real: { lagMs: number; min: number; max: number; sent: number }[];
    /** The shortest lag at which it lost, undefined when it never did. */
    breaksAtMs: number | undefined;
  }[];
  summary: string;
}
