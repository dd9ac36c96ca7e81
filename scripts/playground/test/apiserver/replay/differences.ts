/**
 * Recorded requests that the playground answers in another way, and why. Everything else is answered alike.
 */
export const DIFFERENCES: Record<string, string> = {
  'crd-istio: before the CRD: 404': "Istio's types are there from the start.",
  'crd-istio: CRD status (Established, NamesAccepted)':
    "Istio's types are built in: no CustomResourceDefinition objects stand for them.",
  'crd-istio: two gives up http: the list goes away':
    'The recording had no istiod. The playground refuses a route without http, tcp and tls as its webhook does.',
  'crd-istio: protobuf Accept only: 406': 'Errors are JSON here, also for a client that reads protobuf only.',
  'crd-istio: protobuf body to a custom resource: the v1.36.4 server panics and closes the connection':
    'A 415 that says what is accepted, instead of a crash.',
  'crd-istio: only the 4 magic bytes of protobuf, to a custom resource':
    'A 415 that says what is accepted, instead of a crash.',
  'subresources: pod proxy by port NAME: the v1.36.4 server panics and closes the connection; use numbers':
    'A 503 that asks for the number, instead of a crash.',
};
