/** What the chart of losses over lag draws. */
export interface SweepView {
  lagsMs: number[];
  approaches: {
    id: string;
    title: string;
    points: { lagMs: number; lost: number; sent: number }[];
    /** Expected to lose nothing up to here (undefined: at any lag). */
    safeUpToMs: number | undefined;
    /** The shortest lag at which it lost, undefined when it never did. */
    breaksAtMs: number | undefined;
  }[];
  summary: string;
}
