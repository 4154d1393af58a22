import type { Schemas } from '../../api/client'

type Workflow = Schemas['Workflow']

/** How large a step is drawn, and how far from the next one, in pixels. */
export const STEP = { width: 168, height: 68 }
export const GAP = { x: 44, y: 14 }

export interface Placed {
  /** The step's name, or what nothing else is called. */
  id: string
  x: number
  y: number
  /**
   * What is there for the lines alone: where several branches meet before several others begin, so that not each is joined to each; or
   * where a short branch passes the end of a longer one.
   */
  point?: 'join' | 'pass'
}

export interface Drawing {
  nodes: Placed[]
  edges: { from: string; to: string }[]
  width: number
  height: number
}

/** What is done one after another stands from left to right, what is done at once one above the other. */
export function layout(workflow: Workflow): Drawing {
  const { width, height } = sizeOf(workflow)
  const drawing: Drawing = { nodes: [], edges: [], width, height }
  place(workflow, 0, 0, drawing)
  return drawing
}

/** The steps in the order in which they are drawn. */
export function stepsOf(workflow: Workflow): string[] {
  return 'step' in workflow ? [workflow.step] : partsOf(workflow).flatMap(stepsOf)
}

function partsOf(workflow: Exclude<Workflow, { step: string }>): Workflow[] {
  return 'sequence' in workflow ? workflow.sequence : workflow.parallel
}

interface Size {
  width: number
  height: number
}

function sizeOf(workflow: Workflow): Size {
  if ('step' in workflow) return STEP
  const sizes = partsOf(workflow).map(sizeOf).filter(isSeen)
  const [along, across]: ['width' | 'height', 'width' | 'height'] =
    'sequence' in workflow ? ['width', 'height'] : ['height', 'width']
  const gaps = Math.max(0, sizes.length - 1) * (along === 'width' ? GAP.x : GAP.y)
  const length = sizes.reduce((sum, size) => sum + size[along], gaps)
  const most = Math.max(0, ...sizes.map(size => size[across]))
  return along === 'width' ? { width: length, height: most } : { width: most, height: length }
}

const isSeen = (size: Size) => size.width > 0

interface Ends {
  first: string[]
  last: string[]
}

function place(workflow: Workflow, left: number, top: number, drawing: Drawing): Ends {
  if ('step' in workflow) {
    drawing.nodes.push({ id: workflow.step, x: left, y: top })
    return { first: [workflow.step], last: [workflow.step] }
  }
  const parts = partsOf(workflow).filter(part => isSeen(sizeOf(part)))
  if ('parallel' in workflow) {
    const ends: Ends = { first: [], last: [] }
    let y = top
    const { width } = sizeOf(workflow)
    for (const part of parts) {
      const size = sizeOf(part)
      const { first, last } = place(part, left, y, drawing)
      ends.first.push(...first)
      ends.last.push(
        ...(size.width < width ? [pass(last, left + width, y + size.height / 2, drawing)] : last),
      )
      y += size.height + GAP.y
    }
    return ends
  }
  const middle = top + sizeOf(workflow).height / 2
  let x = left
  let ends: Ends | undefined
  for (const part of parts) {
    const size = sizeOf(part)
    const next = place(part, x, middle - size.height / 2, drawing)
    if (ends) join(ends.last, next.first, { x: x - GAP.x / 2, y: middle }, drawing)
    ends = { first: ends?.first ?? next.first, last: next.last }
    x += size.width + GAP.x
  }
  return ends ?? { first: [], last: [] }
}

/** Leads a short branch past what it is done beside: it would be drawn across that. */
function pass(last: string[], x: number, y: number, drawing: Drawing): string {
  const id = `pass ${drawing.nodes.length}`
  drawing.nodes.push({ id, x, y, point: 'pass' })
  join(last, [id], { x, y }, drawing)
  return id
}

function join(last: string[], first: string[], at: { x: number; y: number }, drawing: Drawing) {
  if (last.length > 1 && first.length > 1) {
    const id = `join ${drawing.nodes.length}`
    drawing.nodes.push({ id, ...at, point: 'join' })
    join(last, [id], at, drawing)
    join([id], first, at, drawing)
    return
  }
  for (const from of last) for (const to of first) drawing.edges.push({ from, to })
}
