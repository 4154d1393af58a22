import { Button } from '../../ui/Button'
import { Copy } from '../../ui/Copy'
import { Dialog } from '../../ui/Dialog'
import { Notice } from '../../ui/Notice'
import { Time } from '../../ui/Time'
import type { Webhook } from './webhook'

/** A webhook's secret, which the API tells once and never again. */
export function Secret({
  of: { secret, url, former_secret_until },
  onClose,
}: {
  of: Webhook
  onClose: () => void
}) {
  return (
    <Dialog title="The webhook’s secret" open onClose={onClose}>
      {secret ? (
        <>
          <p className="anywhere">
            What is sent to {url} is signed by it (Standard Webhooks). It is shown now and never again.
          </p>
          <p>
            <code className="anywhere">{secret}</code> <Copy text={secret} what="the secret" />
          </p>
          {former_secret_until && (
            <p>
              The former one signs, too: it ends <Time at={former_secret_until} />.
            </p>
          )}
        </>
      ) : (
        <Notice tone="wait">It was shown already. Rotate it for another one.</Notice>
      )}
      <div className="dialog-actions">
        <Button look="main" onPress={onClose} autoFocus>
          I have kept it
        </Button>
      </div>
    </Dialog>
  )
}
