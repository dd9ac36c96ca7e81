/** Labels and annotations by which a tool finds its objects. A copy with them would be pruned or refused. */
const MARKS = [
  'kubectl.kubernetes.io/',
  'argocd.argoproj.io/',
  'kustomize.toolkit.fluxcd.io/',
  'helm.toolkit.fluxcd.io/',
  'meta.helm.sh/',
];

/** @param key of a label or of an annotation */
export const isMark = (key: string): boolean => MARKS.some((mark) => key.startsWith(mark));
