import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';

interface Instruction {
  name: string;
  rest: string;
}

/** The instructions of a Containerfile: comments left out, continued lines joined. */
function parse(text: string): Instruction[] {
  return text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', ...rest] = line.trim().split(/\s+/);
      return { name, rest: rest.join(' ') };
    });
}

const known = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ARG', 'ENV', 'USER', 'EXPOSE', 'ENTRYPOINT'];

/**
 * What is wrong with a Containerfile, by the rules that hadolint and
 * the Pod Security profile have for such a file.
 */
function mistakesOf(text: string): string[] {
  const instructions = parse(text);
  const lastStage = instructions.slice(instructions.map(({ name }) => name).lastIndexOf('FROM'));
  const all = (name: string, from = instructions): string[] =>
    from.filter((each) => each.name === name).map(({ rest }) => rest);
  const last = (name: string): string => all(name, lastStage).at(-1) ?? '';
  const rules: [boolean, string][] = [
    [instructions.some(({ name }) => !known.includes(name)), 'unknown instruction'],
    [all('FROM').length !== 2, 'two stages'],
    [all('FROM').some((image) => !/^\S+:[\w.-]+( AS \w+)?$/.test(image)), 'every base has a tag'],
    [all('FROM').some((image) => image.includes(':latest')), 'no base is "latest"'],
    [all('FROM').some((image) => !/24/.test(image)), 'Node 24'],
    [!/^[1-9]\d*:[1-9]\d*$/.test(last('USER')), 'a user that is not root, by number'],
    [all('RUN', lastStage).length > 0, 'nothing runs in the last stage: it has no shell'],
    [!/^\["[^"]+"(, "[^"]+")*\]$/.test(last('ENTRYPOINT')), 'an entry point without a shell'],
    [!/^\["[^"]*node",/.test(last('ENTRYPOINT')), 'node is PID 1'],
    [all('COPY').some((rest) => /^\.(\s|$)/.test(rest)), 'copies what it names, not everything'],
    [
      all('RUN').some((run) => run.startsWith('npm ') && !run.includes('--ignore-scripts')),
      'npm runs no scripts',
    ],
    [all('WORKDIR').some((path) => !path.startsWith('/')), 'absolute working folders'],
  ];
  return rules.flatMap(([broken, sentence]) => (broken ? [sentence] : []));
}

describe.each(['coffee-shop', 'lifecycle-sidecar'])('the Containerfile of %s', (service) => {
  const text = readFileSync(`services/${service}/Containerfile`, 'utf8');

  it('has nothing to complain about', () => {
    expect(mistakesOf(text)).toEqual([]);
  });

  it('has nothing to complain about once its bases are pinned', () => {
    const pinned = text.replace(/^(FROM \S+)/gm, `$1@sha256:${'0'.repeat(64)}`);
    expect(pinned).not.toBe(text);
    expect(mistakesOf(pinned)).toEqual([]);
  });

  it('bundles its own service, from what the build may see', () => {
    expect(text).toContain(`"services/${service}/main.ts", "--bundle"`);
    const visible = readFileSync(`services/${service}/Containerfile.dockerignore`, 'utf8').trim().split('\n');
    const copied = parse(text)
      .filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from'))
      .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
    expect(visible).toEqual(['*', ...copied.map((path) => `!${path}`)]);
  });

  it.each([
    [/^USER .*$/m, 'USER node', 'a user that is not root, by number'],
    [/^ENTRYPOINT .*$/m, 'ENTRYPOINT node main.cjs', 'an entry point without a shell'],
    [/^ENTRYPOINT .*$/m, 'ENTRYPOINT ["npm", "start"]', 'node is PID 1'],
    [/^FROM node:24\S*/m, 'FROM node:latest', 'no base is "latest"'],
    [/ --ignore-scripts/, '', 'npm runs no scripts'],
    [/^COPY services .*$/m, 'COPY . .', 'copies what it names, not everything'],
  ])('would complain about %s -> %s', (pattern, replacement, complaint) => {
    expect(mistakesOf(text.replace(pattern, replacement))).toContain(complaint);
  });
});
