import { describeRandomTemplates } from '../../scripts/render/random-templates.ts';

describeRandomTemplates(10_000);
