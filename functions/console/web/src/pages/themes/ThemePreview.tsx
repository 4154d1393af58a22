import type { CSSProperties } from 'react'

import type { Schemas } from '../../api/client'
import { isColour } from './contrast'
import './ThemePreview.css'

type Theme = Schemas['Theme']

interface Props {
  theme: Pick<Theme, 'name' | 'layout' | 'palette' | 'fonts'>
  /** Whose store it is; the theme's own name, if nobody's. */
  store?: string
}

/** A storefront's first page as the theme draws it, at whatever width there is. */
export function ThemePreview({ theme, store = theme.name }: Props) {
  const Layout = LAYOUTS[theme.layout]
  return (
    <div role="img" aria-label={`A storefront with the theme ${theme.name}`} className="preview">
      <div
        className={`storefront ${theme.layout} heading-${theme.fonts.heading} body-${theme.fonts.body}`}
        style={colours(theme.palette)}
        aria-hidden="true"
      >
        <Layout store={store} />
      </div>
    </div>
  )
}

/** What is no colour is not given to the page. */
function colours(palette: Theme['palette']): CSSProperties {
  const given = Object.entries(palette).filter(([, colour]) => isColour(colour))
  return Object.fromEntries(given.map(([name, colour]) => [`--shop-${name}`, colour])) as CSSProperties
}

// In the words of the storefront itself (functions/merchant/publish-website).
const LAYOUTS: Record<Theme['layout'], (props: { store: string }) => React.JSX.Element> = {
  modern: ({ store }) => (
    <>
      <div className="shop-top">
        <b className="shop-heading">{store}</b>
        <span className="shop-nav">
          <span>Shop</span>
          <span>About</span>
          <span>Contact</span>
        </span>
      </div>
      <div className="shop-hero">
        <div className="shop-words">
          <span className="shop-heading shop-title">{store}</span>
          <span>A new shop, and the doors are open.</span>
          <span className="shop-button">Visit the shop</span>
        </div>
        <svg viewBox="0 0 200 200" preserveAspectRatio="xMidYMid slice" className="shop-tiles">
          <path className="ink" d="M0 0h100v100A100 100 0 0 1 0 0z" />
          <circle className="paper" cx="150" cy="50" r="50" />
          <path className="tint" d="M0 100h100v100H0z" />
          <path className="paper" d="M0 150a50 50 0 0 1 100 0z" />
          <path className="ink" d="M100 100h100v100H100z" />
          <path className="paper" d="M100 200a100 100 0 0 1 100-100v100z" />
        </svg>
      </div>
      <div className="shop-cards">
        <Card title="Fresh shelves" text="The first products are on their way." />
        <Card title="Who we are" text="Plain prices and people who answer." />
        <Card title="Fair by default" text="Two weeks to change your mind." />
      </div>
    </>
  ),
  classic: ({ store }) => (
    <>
      <div className="shop-service">
        <span>A new shop, and the doors are open.</span>
        <span>Shipping · Returns</span>
      </div>
      <div className="shop-mark shop-heading">{store}</div>
      <div className="shop-departments">Home · Shop · About · Contact</div>
      <div className="shop-front">
        <div className="shop-sign shop-heading">{store}</div>
        <div className="shop-awning" />
        <div className="shop-window" />
      </div>
      <div className="shop-welcome">
        <span className="shop-heading shop-title">Do come in.</span>
        <span className="shop-muted">The first products are on their way.</span>
        <span className="shop-button">Enter the shop</span>
      </div>
    </>
  ),
  minimal: ({ store }) => (
    <>
      <div className="shop-top shop-heading">
        <span>{store}</span>
        <span className="shop-nav">
          <span>Shop</span>
          <span>About</span>
          <span>Contact</span>
        </span>
      </div>
      <svg viewBox="0 0 320 150" preserveAspectRatio="xMidYMid slice" className="shop-still">
        <path className="wall" d="M0 0h320v114H0z" />
        <path className="floor" d="M0 114h320v36H0z" />
        <path className="side" d="M134 78h50v53h-50z" />
        <path className="top" d="M134 78l7-5h50l-7 5z" />
        <path className="edge" d="M184 78l7-5v52l-7 6z" />
        <circle className="ball" cx="160" cy="59" r="17" />
      </svg>
      <div className="shop-caption">
        <span className="shop-heading shop-title">{store}</span>
        <span>A new shop, and the doors are open.</span>
        <u>Enter</u>
      </div>
      <div className="shop-bottom shop-muted">
        <span>© {store}</span>
        <span>Shipping, returns, privacy</span>
      </div>
    </>
  ),
}

function Card({ title, text }: { title: string; text: string }) {
  return (
    <div className="shop-card">
      <b className="shop-heading">{title}</b>
      <span className="shop-muted">{text}</span>
    </div>
  )
}
