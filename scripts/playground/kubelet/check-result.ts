/** How a probe ended. */
export interface CheckResult {
  passed: boolean;
  /** What the kubelet would write into the Unhealthy event. */
  output: string;
}
