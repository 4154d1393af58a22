import type { Schemas } from '../../../api/client'
import { EditedRetry } from '../../operation/EditedRetry'
import type { ActId, Tenant } from '../acts'
import { Access } from './Access'
import { ChangePlan } from './ChangePlan'
import { Delete } from './Delete'
import { Edit } from './Edit'
import { ForceDelete } from './ForceDelete'
import { Plain } from './Plain'
import { Restore } from './Restore'
import { Upgrade } from './Upgrade'

export interface ActProps {
  tenant: Tenant
  onClose: () => void
  /** It is accepted; or, where it waits, somebody else has to approve it first. */
  onDone: (waits?: boolean) => void
}

interface Props extends ActProps {
  act: Exclude<ActId, 'decide'>
  blueprint: Schemas['Blueprint'] | undefined
}

/** Asks what has to be known before something is done to a tenant, and does it. */
export function ActDialog({ act, blueprint, ...props }: Props) {
  switch (act) {
    case 'edit':
      return <Edit {...props} blueprint={blueprint} />
    case 'change_plan':
      return <ChangePlan {...props} blueprint={blueprint} />
    case 'upgrade':
      return <Upgrade {...props} blueprint={blueprint} />
    case 'retry':
      return <EditedRetry {...props} operation={{ on_failure: onFailure(props.tenant, blueprint) }} />
    case 'make_read_only':
      return <Access {...props} access="read_only" />
    case 'give_access':
      return <Access {...props} access="full" />
    case 'restore':
      return <Restore {...props} />
    case 'delete':
      return <Delete {...props} />
    case 'force_delete':
      return <ForceDelete {...props} />
    default:
      return <Plain {...props} act={act} />
  }
}

/** What becomes of what a failed provisioning made, if nobody says otherwise. */
function onFailure(tenant: Tenant, blueprint: Props['blueprint']): Schemas['OnFailure'] {
  return tenant.on_failure ?? blueprint?.on_failure ?? 'compensate'
}
