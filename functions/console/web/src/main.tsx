import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'

import './ui/tokens.css'
import { reach } from './api/client'
import { Problem } from './api/problem'
import { Console } from './Console'
import { configuration } from './configuration'
import { session, signIn } from './sign-in'
import { Notice } from './ui/Notice'

const root = createRoot(document.getElementById('root')!)

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What is on the page is kept as it is by what the page watches; the rest is old after a moment.
      staleTime: 5_000,
      retry: (failures, error) => error instanceof Problem && error.passing && failures < 3,
    },
  },
})

async function start() {
  reach((await configuration()).api)
  // The page goes to the issuer, and comes back.
  if ((await session()) === null) return signIn()
  root.render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <Console />
      </QueryClientProvider>
    </StrictMode>,
  )
}

start().catch((error: unknown) =>
  root.render(
    <Notice tone="bad" title="The console cannot start">
      {String(error instanceof Error ? error.message : error)}
    </Notice>,
  ),
)
