/** The sum of what was counted; undefined when nobody counted, which is not 0. */
export function requestsSeen(parts: readonly { requests?: number | undefined }[]): number | undefined {
  const counted = parts.map(({ requests }) => requests).filter((requests) => requests !== undefined);
  return counted.length > 0 ? counted.reduce((sum, requests) => sum + requests) : undefined;
}
