import { describeTable } from '../scripts/conditions/support/table.ts';

describeTable((names) => names);
