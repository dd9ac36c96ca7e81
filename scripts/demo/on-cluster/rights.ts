import type { Right } from '../../switch/index.ts';

const istio = 'networking.istio.io';
const written = ['get', 'create', 'patch'];

/** The rights of a demo besides the switch's own; in its namespace unless noted. */
const everyRelease: Right[] = [
  { resource: 'namespaces', verbs: ['get', 'list', 'create', 'patch', 'delete'], everywhere: true },
  { resource: 'services', verbs: written },
  { resource: 'pods', verbs: ['list', 'watch'] },
  { resource: 'pods', subresource: 'portforward', verbs: ['get', 'create'] },
  { group: 'apps', resource: 'deployments', verbs: [...written, 'delete'] },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: ['list', 'watch'] },
];

const inTheMesh: Right[] = ['gateways', 'virtualservices', 'destinationrules'].map((resource) => ({
  group: istio,
  resource,
  verbs: written,
}));

/** For the addresses of node ports. */
const nodes: Right = { resource: 'nodes', verbs: ['list'], everywhere: true };

/** To find the gateway's own address. */
const allServices: Right = { resource: 'services', verbs: ['list'], everywhere: true };

/** @param needs which kinds of release will be run, and whether the gateway has to be found */
export function rightsFor(needs: { mesh: boolean; plain: boolean; findGateway: boolean }): Right[] {
  return [
    ...everyRelease,
    ...(needs.mesh ? inTheMesh : []),
    ...(needs.findGateway ? [allServices] : []),
    ...(needs.plain || needs.findGateway ? [nodes] : []),
  ];
}
