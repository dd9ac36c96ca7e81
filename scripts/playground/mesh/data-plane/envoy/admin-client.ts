import http from 'node:http';

export interface AdminAnswer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** Sends a request to an Envoy's admin port on its socket file. Rejects when there is no answer. */
export async function askAdmin(
  socketPath: string,
  path: string,
  { method = 'GET', agent }: { method?: string; agent?: http.Agent } = {},
): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath, path, method, ...(agent && { agent }) }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}
