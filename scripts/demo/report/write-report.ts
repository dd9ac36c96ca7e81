import path from 'node:path';
import { writeWholeFile } from '../../shared/whole-file.ts';
import type { DemoReport } from '../run-demo.ts';
import { loadPageParts } from './page-parts.ts';
import { renderHtml } from './render-html.ts';
import { renderMarkdown } from './render-markdown.ts';
import { printableJson } from '../../shared/printable.ts';

/**
 * Writes report.json, report.md and report.html, atomically; returns the path of the page.
 * @throws CommandError that names the file
 */
export async function writeReport(folder: string, report: DemoReport): Promise<string> {
  const page = path.join(folder, 'report.html');
  // Write the data first: it cannot be recreated.
  writeWholeFile(path.join(folder, 'report.json'), `${printableJson(report, undefined, 1)}\n`);
  writeWholeFile(path.join(folder, 'report.md'), renderMarkdown(report));
  writeWholeFile(page, renderHtml(report, await loadPageParts()));
  return page;
}
