/** A malformed request; the answer is 400. */
export class MalformedRequest extends Error {
  override name = 'MalformedRequest';
}

/**
 * The URL of a request target. `//` is a path here, not the start of a host.
 * https://www.rfc-editor.org/rfc/rfc9112#name-request-target
 *
 * @throws MalformedRequest when the target is neither a path nor an
 * absolute URL, or its path holds an invalid percent-encoding
 */
export function urlOfTarget(target = '/'): URL {
  const text = target.startsWith('/') ? `http://listener${target}` : target;
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    throw new MalformedRequest(`The request's target is no URL: ${JSON.stringify(target.slice(0, 200))}.`);
  const url = new URL(text);
  if (/%(?![0-9a-f]{2})/i.test(url.pathname))
    throw new MalformedRequest(`Invalid percent-encoding in ${JSON.stringify(target.slice(0, 200))}.`);
  return url;
}
