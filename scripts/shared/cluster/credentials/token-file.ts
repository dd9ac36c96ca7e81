import { rotatingFile } from './file-content.ts';

/** The bearer token of a file that is rotated, such as a ServiceAccount's. */
export function tokenFile(file: string): () => string {
  const read = rotatingFile(file, (content) => {
    if (content.trim() === '') throw new Error(`${file} is empty`);
  });
  return () => read().trim();
}
