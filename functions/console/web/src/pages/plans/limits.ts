import type { Schemas } from '../../api/client'

export type Limit = keyof Schemas['Limits']

/** Each quota, as it is called on a form and in a sentence. */
export const LIMITS: Record<Limit, { label: string; many: string; unit: string }> = {
  products: { label: 'Products', many: 'products', unit: '' },
  orders_per_month: { label: 'Orders a month', many: 'orders a month', unit: '' },
  storage_gb: { label: 'Storage, GB', many: 'storage', unit: 'GB of ' },
  bandwidth_gb: { label: 'Bandwidth, GB', many: 'bandwidth', unit: 'GB of ' },
}

const COUNT = new Intl.NumberFormat('en')

/** The quotas in words. Absent is unlimited. */
export function limitsOf(limits: Schemas['Limits']): string[] {
  return (Object.keys(LIMITS) as Limit[]).map(limit => {
    const { many, unit } = LIMITS[limit]
    const most = limits[limit]
    return most == null ? `unlimited ${many}` : `${COUNT.format(most)} ${unit}${many}`
  })
}
