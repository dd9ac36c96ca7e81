import { parseArgs } from 'node:util';
import { UsageError } from '../shared/errors.ts';

export const usage = `Writes container images of the services and tools without Docker, as OCI archives that a cluster without a registry can load.

Usage: npm run image -- [IMAGE ...] [flags]

  IMAGE            a folder of services/, or coffee-shop-tools: switch and load, to run in a pod (default: all)
  --base ARCHIVE   an OCI archive with Node in it, e.g. of gcr.io/distroless/nodejs24-debian13:nonroot
                   (default, on Linux: this machine's node and its libraries)
  --tag TAG        (1.0.0)
  --revision TEXT  what it was built from, for app_build_info
  --out DIR        (dist)
  --json           [{name, file, digest, bytes, appBytes}]
  --help

Load it: kind load image-archive dist/coffee-shop-1.0.0.tar
         ctr --namespace k8s.io images import dist/coffee-shop-1.0.0.tar

Example: npm run image -- coffee-shop --tag 1.1.0
`;

export interface ImageCommand {
  help: boolean;
  /** Empty: all. */
  images: string[];
  base: string | undefined;
  tag: string;
  revision: string | undefined;
  out: string;
  json: boolean;
}

export function readCommandLine(argv: string[]): ImageCommand {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      base: { type: 'string' },
      tag: { type: 'string', default: '1.0.0' },
      revision: { type: 'string' },
      out: { type: 'string', default: 'dist' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  // https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
  if (!/^\w[\w.-]{0,127}$/.test(values.tag))
    throw new UsageError(`--tag must be letters, digits, ".", "_" and "-", got "${values.tag}".`);
  if (values.revision !== undefined && !/^[\w.-]{1,253}$/.test(values.revision))
    throw new UsageError(`--revision must be letters, digits, ".", "_" and "-", got "${values.revision}".`);
  return { ...values, base: values.base, revision: values.revision, images: positionals };
}
