import { lazy, Suspense } from 'react'
import { RouterProvider } from 'react-aria-components'
import { Redirect, Route, Router, Switch } from 'wouter'

import { useRead } from './api/live'
import { Frame } from './Frame'
import { usePlace } from './place'
import { Loaded } from './ui/Loaded'

// Each page comes when it is gone to: the first load is small.
const Overview = lazy(() => import('./pages/overview/Overview'))
const Tenants = lazy(() => import('./pages/tenants/Tenants'))
const Tenant = lazy(() => import('./pages/tenant/Tenant'))
const Operation = lazy(() => import('./pages/operation/Operation'))
const Approvals = lazy(() => import('./pages/approvals/Approvals'))
const Plans = lazy(() => import('./pages/plans/Plans'))
const Themes = lazy(() => import('./pages/themes/Themes'))
const Blueprints = lazy(() => import('./pages/blueprints/Blueprints'))
const Billing = lazy(() => import('./pages/billing/Billing'))
const Repairs = lazy(() => import('./pages/repairs/Repairs'))
const Settings = lazy(() => import('./pages/settings/Settings'))
const Own = lazy(() => import('./pages/own/Own'))

/** The whole page, for whoever signed in: operators see all tenants, an owner their own. */
export function Console() {
  const [, go] = usePlace()
  const me = useRead('/v1/me')
  return (
    <Router hook={usePlace}>
      <RouterProvider navigate={go}>
        <Loaded query={me}>
          {me => (
            <Frame me={me}>
              <Suspense fallback={<main className="page" aria-busy="true" />}>
                {me.role === 'tenant' && me.tenant ? (
                  <Switch>
                    <Route path="/operations/:operation">
                      {params => <Operation tenant={me.tenant!} operation={params.operation} />}
                    </Route>
                    <Route>
                      <Own id={me.tenant} />
                    </Route>
                  </Switch>
                ) : (
                  <Switch>
                    <Route path="/" component={Overview} />
                    <Route path="/tenants" component={Tenants} />
                    <Route path="/tenants/:id">{params => <Tenant key={params.id} id={params.id} />}</Route>
                    <Route path="/tenants/:id/operations/:operation">
                      {params => (
                        <Operation key={params.operation} tenant={params.id} operation={params.operation} />
                      )}
                    </Route>
                    <Route path="/approvals" component={Approvals} />
                    <Route path="/plans" component={Plans} />
                    <Route path="/themes" component={Themes} />
                    <Route path="/blueprints" component={Blueprints} />
                    <Route path="/billing" component={Billing} />
                    <Route path="/repairs" component={Repairs} />
                    <Route path="/settings" component={Settings} />
                    <Route>
                      <Redirect to="/" />
                    </Route>
                  </Switch>
                )}
              </Suspense>
            </Frame>
          )}
        </Loaded>
      </RouterProvider>
    </Router>
  )
}
