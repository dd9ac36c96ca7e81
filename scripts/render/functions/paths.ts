import { posix } from 'node:path';
import { fn, type TemplateFunction } from '../template/functions.ts';

/** path.Clean: without a trailing slash; nothing at all is the current folder. */
function clean(path: string): string {
  if (path === '') return '.';
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

function base(path: string): string {
  if (path === '') return '.';
  const trimmed = path.replace(/\/+$/, '');
  return trimmed === '' ? '/' : trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

function extension(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot === -1 ? '' : name.slice(dot);
}

export const pathFunctions: Array<[string, TemplateFunction]> = [
  ['base', fn(['string'], ([path]) => base(path))],
  ['dir', fn(['string'], ([path]) => clean(path.slice(0, path.lastIndexOf('/') + 1)))],
  ['clean', fn(['string'], ([path]) => clean(path))],
  ['ext', fn(['string'], ([path]) => extension(path))],
  ['isAbs', fn(['string'], ([path]) => path.startsWith('/'))],
];
