import { defineConfig } from '@playwright/test'

import { stack } from './stack'

// `make browser` runs these. What they drive mostly waits, but Chromium and the stack share the machine.
export default defineConfig({
  outputDir: 'results',
  snapshotPathTemplate: 'looks/{arg}{ext}',
  forbidOnly: true,
  // A machine that stands still for a while ends what was well on its way: the list says which was tried again.
  retries: 1,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    baseURL: stack.console,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      // Debian's, and nothing that it would say to anybody by itself.
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
