import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { parseSwitchArgs } from '../../scripts/switch/command/command-line.ts';

interface Rules {
  groups: { rules: { annotations: Record<string, string> }[] }[];
}

const folders = ['k8s/monitoring', 'istio/monitoring'];
const rulesOf = async (folder: string): Promise<Rules> =>
  parse(await readFile(`${folder}/alerts.yaml`, 'utf8')) as Rules;

describe('what an alert advises', () => {
  it.each(folders)('is a command that there is, with flags that it takes: %s', async (place) => {
    const advice = (await rulesOf(place)).groups.flatMap(({ rules }) =>
      rules.map(({ annotations }) => annotations['next'] ?? ''),
    );
    const commands = advice.flatMap((text) => [
      ...text.matchAll(/npm run ([a-z]+)((?: -- )?(?:(?:--)?[a-z][a-z0-9-]*\b ?)*)/g),
    ]);
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: object };
    expect(commands.length).toBeGreaterThanOrEqual(2);
    for (const [, name = '', rest = ''] of commands) {
      expect(Object.keys(scripts)).toContain(name);
      // A word of the sentence is none of the command: flags, or the one subcommand.
      const words = rest.replace(/^ -- /, '').split(' ');
      const args = words.filter((word, index) => word.startsWith('--') || (index === 0 && word === 'status'));
      expect(name).toBe('switch');
      expect(() => parseSwitchArgs(args, { defaultTemplates: 'istio/cluster.yaml' })).not.toThrow();
    }
  });
});
