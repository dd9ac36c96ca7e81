import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { DemoReport } from '../run-demo.ts';
import { loadPageParts } from './page-parts.ts';
import { renderHtml } from './render-html.ts';
import { renderMarkdown } from './render-markdown.ts';
import { printableJson } from '../../shared/printable.ts';

/** Writes report.json, report.md and report.html; gives the path of the page. */
export async function writeReport(folder: string, report: DemoReport): Promise<string> {
  const page = path.join(folder, 'report.html');
  // The data first: it is what cannot be made again.
  await writeFile(path.join(folder, 'report.json'), `${printableJson(report, undefined, 1)}\n`);
  await writeFile(path.join(folder, 'report.md'), renderMarkdown(report));
  await writeFile(page, renderHtml(report, await loadPageParts()));
  return page;
}
