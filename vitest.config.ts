import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['./tests/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    ...(process.env['CF_TEST_REPORT'] ? { reporters: ['default', ['json', { outputFile: process.env['CF_TEST_REPORT'] }]] } : {}),
  },
});
