// What every unit test starts with: patience, since a machine that is busy with other work takes its time.
import { configure } from '@testing-library/react';

configure({ asyncUtilTimeout: 20_000 });
