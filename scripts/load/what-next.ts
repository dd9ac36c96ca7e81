import type { Account } from './account.ts';
import { isRedirect } from './tally.ts';

/** Hints below the account, one line each: the fact and the next command. */
export function whatNext(account: Account, expect: Iterable<number> = []): string[] {
  return [silence(account), redirects(account, new Set(expect)), ownLimit(account)].filter(
    (line) => line !== undefined,
  );
}

/** When no request was answered, the address may be wrong. */
function silence({ sent, byStatus, byReason, url }: Account): string | undefined {
  if (sent === 0 || Object.keys(byStatus).length > 0) return undefined;
  const [reason = ''] = Object.keys(byReason);
  return `Nothing at ${new URL(url).host} answered (${reason}). Is the service running there?`;
}

/** Redirects are not followed: the requests were answered, and nothing was done for them. */
function redirects({ byStatus, byReason, url }: Account, expected: ReadonlySet<number>): string | undefined {
  const statuses = Object.keys(byStatus).filter(
    (status) => isRedirect(Number(status)) && !expected.has(Number(status)),
  );
  const [first] = statuses;
  if (first === undefined) return undefined;
  const count = statuses.reduce((sum, status) => sum + (byStatus[status] ?? 0), 0).toLocaleString('en-US');
  const where = Object.keys(byReason).find((reason) => reason.startsWith(`${first} to `)) ?? first;
  return `${new URL(url).host} redirects (${where}): a redirect is no order, and ${count} of them were not followed and count as lost. Name the address it leads to with --url, or say --expect ${statuses.join(',')} if that is the answer you want.`;
}

function ownLimit({ ownLimit: limit }: Account): string | undefined {
  return limit && `This machine stopped the load; the service is not to blame. ${limit.said}`;
}
