/** The sum of the counted requests; undefined, not 0, when none were counted. */
export function requestsSeen(parts: readonly { requests?: number | undefined }[]): number | undefined {
  const counted = parts.map(({ requests }) => requests).filter((requests) => requests !== undefined);
  return counted.length > 0 ? counted.reduce((sum, requests) => sum + requests) : undefined;
}
