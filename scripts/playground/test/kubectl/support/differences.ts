/** Commands that print something else here than on a real cluster, and why. */
export const DIFFERENCES: Record<string, string> = {
  'api-versions':
    "Groups of a real cluster's own machinery (admission, certificates, flow control, devices, nodes) are not there; Istio's are.",
  'auth whoami':
    "The administrator is kubernetes-admin, without a uid; the recorded cluster's was called admin.",
};

/** A command that is not in the list must print what the real one does. */
export const LEAST_SHARE = 0.95;
