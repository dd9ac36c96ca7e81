import { readGracefulConfig, type GracefulConfig } from '../graceful/config.ts';
import { type Environment, readEnvironment } from '../shared/environment.ts';

/** What the coffee-shop can be told besides what every service can. Durations are milliseconds. */
export interface Config extends GracefulConfig {
  /** How long an order takes. */
  brewMs: number;
  /** The longest `GET /coffee?brew=...`. */
  maxBrewMs: number;
  maxBodyBytes: number;
}

const anHour = 3_600_000;

/** Throws an `EnvironmentError` that names every bad value. */
export function readConfig(environment: Environment): Config {
  const env = readEnvironment(environment);
  const config: Config = {
    ...readGracefulConfig(env),
    brewMs: env.integer('BREW_MS', 5, { min: 0, max: anHour }),
    maxBrewMs: env.integer('MAX_BREW_MS', 60_000, { min: 0, max: anHour }),
    maxBodyBytes: env.integer('MAX_BODY_BYTES', 16_384, { min: 0, max: 100_000_000 }),
  };
  env.verify();
  return config;
}
