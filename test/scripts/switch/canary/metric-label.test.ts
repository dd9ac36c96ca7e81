import { describe, expect, it } from '@jest/globals';
import { metricLabelOf } from '../../../../scripts/switch/canary/metric-label.ts';
import { latenciesOf, latencyCounters } from '../../../../scripts/switch/canary/proxy-latency.ts';
import { host, routing } from '../recorded.ts';

describe('the label by which metrics tell versions apart', () => {
  it('the label by which metrics tell versions apart is that of the pods’ own label', () => {
    expect(metricLabelOf({ app: 'coffee-shop', version: 'v2' }, 'v2')).toBe('destination_version');
    expect(metricLabelOf({ 'app.kubernetes.io/version': 'v2' }, 'v2')).toBe('destination_canonical_revision');
    expect(metricLabelOf({ version: 'v2', 'app.kubernetes.io/version': 'v2' }, 'v2')).toBe(
      'destination_version',
    );
    expect(metricLabelOf({ release: 'v2' }, 'v2')).toBeUndefined();
    expect(metricLabelOf({ version: '2.0.1', release: 'v2' }, 'v2')).toBeUndefined();
  });

  it('the label by which metrics tell versions apart is read in the page of a proxy', () => {
    const line = (revision: string, le: string, count: number) =>
      `istio_request_duration_milliseconds_bucket{reporter="source",destination_version="unknown",destination_canonical_revision="${revision}",destination_service="${host}",le="${le}"} ${count}\n`;
    const page = line('v1', '5', 3) + line('v1', '+Inf', 4) + line('v2', '5', 1) + line('v2', '+Inf', 1);
    const found = latenciesOf(latencyCounters(page, routing, 'destination_canonical_revision'));
    expect([...found.keys()]).toEqual(['v1', 'v2']);
    expect([...latenciesOf(latencyCounters(page, routing)).keys()]).toEqual(['unknown']);
  });
});
