/** What one version answered in a period of time. Both versions are counted over the same one. */
export interface Sample {
  requests: number;
  errors: number;
}

export interface Samples {
  candidate: Sample;
  current: Sample;
}

/**
 * Fisher's exact test, one-sided. Gives the probability that the candidate gets at least so many of the
 * errors if both versions are equally good. It is exact for small counts: a canary has a few errors among a
 * few hundred requests.
 */
export function fisherExact(candidate: Sample, current: Sample): number {
  const total = candidate.requests + current.requests;
  const errors = candidate.errors + current.errors;
  const most = Math.min(errors, candidate.requests);
  let probability = 0;
  for (let k = candidate.errors; k <= most; k += 1) {
    probability += Math.exp(
      logChoose(candidate.requests, k) + logChoose(current.requests, errors - k) - logChoose(total, errors),
    );
  }
  return Math.min(1, probability);
}

function logChoose(n: number, k: number): number {
  return k < 0 || k > n ? -Infinity : logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** Up to 1000 a sum, beyond it Stirling's series: more digits than counts of requests need. */
function logFactorial(n: number): number {
  if (n > 1000)
    return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + 1 / (12 * n) - 1 / (360 * n ** 3);
  let sum = 0;
  for (let i = 2; i <= n; i += 1) sum += Math.log(i);
  return sum;
}
