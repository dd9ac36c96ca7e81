/**
 * What differs between two clusters although they behave alike, made
 * equal: times, ages, addresses, generated names, widths.
 */
export function maskOutput(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex -- kubectl colours the names in cluster-info
      .replace(/\u001b\[[\d;]*m/g, '')
      .replace(/\/tmp\/(LIVE|MERGED)-\d+/g, '<tmp>/$1')
      .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( [+-]\d{4}|Z)?/g, '<time>')
      .replace(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, '<time>')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
      .replace(/\b(web|d1|one|job)-[a-z0-9]{8,10}-[a-z0-9]{5}\b/g, '$1-<hash>-<id>')
      .replace(/\b(web|d1)-[a-z0-9]{8,10}\b/g, '$1-<hash>')
      .replace(/\b(web|d1|job)-[a-z0-9]{5}\b/g, '$1-<id>')
      .replace(/(pod-template-hash=)\w+/g, '$1<hash>')
      .replace(/(resourceVersion: |ResourceVersion:\s+)"?\d+"?/g, '$1<rv>')
      .replace(/\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b/g, '<ip>')
      // kubectl forwards on ::1 where the machine has it.
      .replace(/^Forwarding from \[::1\].*\n/gm, '')
      // How often it looks depends on how fast the pods are.
      .replace(/^Waiting for deployment .*\n/gm, '')
      .replace(/^.*Warning +Unhealthy .*connection refused\n?/gm, '')
      .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>')
      .replace(/(kube-api-access-)\w{5}/g, '$1<id>')
      .replace(/(Container ID: +).*/g, '$1<container>')
      .replace(/(Image ID: +).*/g, '$1<image>')
      .replace(/\t/g, '  ')
      .replace(/(connection for )\d+/g, '$1<port>')
      .replace(/(?<![\w.])(\d+[dhms]){1,2}\b/g, '<age>')
      .replace(/[ \t]+$/gm, '')
      .replace(/ {2,}/g, '  ')
      .replace(/-{3,}/g, '---')
      .trim()
  );
}
