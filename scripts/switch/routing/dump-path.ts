/** @param pattern RE2, for whole names */
export function dumpPath(resource: string, pattern: string, extra = ''): string {
  return `/config_dump?${extra}resource=${resource}&name_regex=${encodeURIComponent(pattern)}`;
}
