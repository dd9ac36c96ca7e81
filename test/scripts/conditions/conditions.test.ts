import { describeTable } from './support/table.ts';

// Every condition with a fourth of the commands, each command as it ordinarily is and under a fourth of the
// conditions. All of them: test/stories/conditions.test.ts.
describeTable((names, row) => names.filter((_, column) => column === 0 || (column + row) % 4 === 0));
