/** An amount in a currency's smallest unit (ISO 4217), as its readers write it: 4900 and USD are "$49". */
export function money(cents: number, currency: string): string {
  const format = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    trailingZeroDisplay: 'stripIfInteger',
  })
  return format.format(cents / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2))
}
