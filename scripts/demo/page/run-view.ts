/** What the page needs to draw one run. Prepared by the report: the page only draws. */
export interface Segment {
  fromMs: number;
  toMs: number;
  label: string;
  /** The name of a colour in `page.css`, without `--`. */
  colour: string;
  /** Drawn striped: something is on its way out, or not quite so. */
  striped?: boolean;
  /** Which part of the lane's height: a proxy that sends to two versions shows both. */
  part?: { index: number; of: number };
}

export interface Lane {
  name: string;
  segments: Segment[];
}

export interface RunView {
  anchor: string;
  /** Where the charts begin; without it at 0. */
  fromMs?: number;
  endMs: number;
  /** `to` is undefined while the release is under way. */
  releaseMs: { from: number; to: number | undefined };
  /** Requests per slot and outcome (`v1`, `v2`, `503`, `reset`). */
  requests: { atMs: number; toMs: number; outcome: string; n: number }[];
  /** What a slot is: `per 100 ms`. */
  slots: string;
  /** Outcomes from the bottom of the stack to its top, with the name of their colour. */
  outcomes: { name: string; colour: string; lost: boolean }[];
  /** Moments worth a line through all charts; the text is a letter or a word. */
  marks?: { atMs: number; text: string }[];
  steps: Lane[];
  proxies: Lane[];
  pods: Lane[];
  /** One sentence that says what the chart shows. */
  summary: string;
}
