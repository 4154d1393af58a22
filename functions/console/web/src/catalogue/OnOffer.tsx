import '../ui/State.css'

/** Whether new tenants can choose it. */
export function OnOffer({ active }: { active: boolean }) {
  return <span className={active ? 'state good' : 'state still'}>{active ? 'on offer' : 'not on offer'}</span>
}
