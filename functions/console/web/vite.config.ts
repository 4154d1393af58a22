import { constants } from 'node:zlib'

import react from '@vitejs/plugin-react'
import { compression, defineAlgorithm } from 'vite-plugin-compression2'
import { defineConfig } from 'vite'

export default defineConfig({
  // The page lives below whatever prefix the API has.
  base: './',
  plugins: [
    react(),
    compression({
      threshold: 1024,
      algorithms: [
        defineAlgorithm('gzip', { level: 9 }),
        defineAlgorithm('brotliCompress', { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
      ],
    }),
  ],
  build: {
    // An inlined asset is a data: URL, which the policy lets through for pictures alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
