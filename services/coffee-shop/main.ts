import { serve } from '../graceful/serve.ts';

const usage = `The coffee-shop service. It takes no arguments; services/coffee-shop/config.ts and services/graceful/config.ts list its environment variables.

Example: PORT=8080 ADMIN_PORT=9090 VERSION=v1 npm start
`;

void serve({
  usage,
  async load(environment) {
    const { readConfig } = await import('./config.ts');
    const { createApp } = await import('./app.ts');
    const { createMetrics } = await import('./metrics.ts');
    const config = readConfig(environment);
    return {
      config,
      createHandler: (kit) => createApp({ ...kit, config, metrics: createMetrics(kit.registry) }),
    };
  },
});
