/** What the admin port answers. */
export interface AdminAnswer {
  status: number;
  type: 'application/json' | 'text/plain' | 'text/plain; charset=UTF-8';
  body: string;
}
