import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['./tests/global-setup.ts'],
    pool: 'forks',
    // More than the machine has cores: tests of the engine wait for servers and timers half of their time.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    ...(process.env['CF_TEST_REPORT'] ? { reporters: ['default', ['json', { outputFile: process.env['CF_TEST_REPORT'] }]] } : {}),
  },
});
