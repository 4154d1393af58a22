import { type KeyboardEvent, memo, useEffect, useMemo } from 'react'
import {
  Controls,
  type Edge,
  Handle,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
} from '@xyflow/react'
import '@xyflow/react/dist/base.css'

import type { Schemas } from '../../api/client'
import { spelled, tone } from '../../ui/State'
import { duration } from '../../ui/Time'
import { layout, STEP } from './layout'
import { took } from './told'
import './Graph.css'

type Step = Schemas['StepProgress']
type StepNode = Node<{ step: Step; length: number | null; selected: boolean }, 'step'>
type PointNode = Node<Record<string, never>, 'join' | 'pass'>

interface Props {
  operation: Schemas['Operation']
  now: number
  selected: string | null
  onSelect: (step: string | null) => void
}

/** The workflow as it stands. The table of steps says the same. */
export default function Graph(props: Props) {
  return (
    <ReactFlowProvider>
      <Drawing {...props} />
    </ReactFlowProvider>
  )
}

const TYPES = { step: memo(StepBox), join: memo(Join), pass: memo(Pass) }
/** How large a point is where lines meet. */
const POINT = { join: 8, pass: 2 }
/** How far an arrow key moves the drawing, in pixels. */
const STRIDE = 60
const FIT = { padding: 0.04, maxZoom: 1 }

function Drawing({ operation, now, selected, onSelect }: Props) {
  const { workflow, steps } = operation
  // What is read again is another object, and mostly the same drawing.
  const shape = JSON.stringify(workflow)
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the shape says all that the workflow does
  const drawn = useMemo(() => layout(workflow), [shape])
  const nodes = drawn.nodes.map(({ id, x, y, point }): StepNode | PointNode => {
    if (point) {
      const size = POINT[point]
      return {
        id,
        type: point,
        position: { x: x - size / 2, y: y - size / 2 },
        width: size,
        height: size,
        data: {},
        selectable: false,
        focusable: false,
        domAttributes: { 'aria-hidden': true },
      }
    }
    const step = steps.find(step => step.name === id) ?? waiting(id)
    const length = took(step, now)
    return {
      id,
      type: 'step',
      position: { x, y },
      width: STEP.width,
      height: STEP.height,
      data: { step, length, selected: selected === id },
      selected: selected === id,
      ariaRole: 'button',
      domAttributes: {
        'aria-roledescription': undefined,
        'aria-pressed': selected === id,
      },
      ariaLabel: [
        id,
        spelled(step.state),
        step.attempts > 1 && `${step.attempts} attempts`,
        length !== null && duration(length),
      ]
        .filter(Boolean)
        .join(', '),
    }
  })
  const edges: Edge[] = drawn.edges.map(({ from, to }) => ({
    id: `${from} ${to}`,
    source: from,
    target: to,
    focusable: false,
    selectable: false,
    domAttributes: { 'aria-hidden': true },
  }))
  const flow = useReactFlow()
  const move = (event: KeyboardEvent) => {
    const { x, y, zoom } = flow.getViewport()
    const moves: Record<string, () => unknown> = {
      ArrowLeft: () => flow.setViewport({ x: x + STRIDE, y, zoom }),
      ArrowRight: () => flow.setViewport({ x: x - STRIDE, y, zoom }),
      ArrowUp: () => flow.setViewport({ x, y: y + STRIDE, zoom }),
      ArrowDown: () => flow.setViewport({ x, y: y - STRIDE, zoom }),
      '+': () => flow.zoomIn(),
      '-': () => flow.zoomOut(),
      '0': () => flow.fitView(FIT),
    }
    const wanted = moves[event.key]
    if (!wanted || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    void wanted()
  }
  return (
    <div
      className="graph"
      role="group"
      aria-label="Workflow: arrow keys move it, plus and minus make it larger and smaller, 0 shows all of it"
      tabIndex={0}
      onKeyDown={move}
      style={{ height: Math.min(560, Math.max(180, drawn.height + 40)) }}
    >
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        onNodesChange={changes => {
          for (const change of changes) {
            if (change.type !== 'select') continue
            if (change.selected) onSelect(change.id)
            else if (change.id === selected) onSelect(null)
          }
        }}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        deleteKeyCode={null}
        multiSelectionKeyCode={null}
        selectionKeyCode={null}
        // The wheel is the page's.
        zoomOnScroll={false}
        preventScrolling={false}
        zoomOnDoubleClick={false}
        minZoom={0.3}
        maxZoom={1.6}
        fitView
        fitViewOptions={FIT}
        ariaLabelConfig={{
          'node.a11yDescription.default': 'Press Enter to see more of the step.',
          'controls.ariaLabel': 'Zoom',
        }}
      >
        <Controls showInteractive={false} fitViewOptions={FIT} />
        <Fitted />
      </ReactFlow>
    </div>
  )
}

/** Has all of it in sight again when there is more or less room. */
function Fitted() {
  const { fitView } = useReactFlow()
  const width = useStore(state => state.width)
  useEffect(() => void fitView(FIT), [width, fitView])
  return null
}

function waiting(name: string): Step {
  return { name, state: 'waiting', attempts: 0, busy_ms: 0 }
}

function StepBox({ data: { step, length, selected } }: NodeProps<StepNode>) {
  return (
    <div className={`step-box ${tone(step.state)}${selected ? ' selected' : ''}`} data-state={step.state}>
      <Ends />
      {/* A name is broken where it is put together. */}
      <span className="step-box-name">
        {step.name.split('-').map((word, index) => (
          <span key={index}>
            {index > 0 && '-'}
            <wbr />
            {word}
          </span>
        ))}
      </span>
      <span className="step-box-state">
        <b>{spelled(step.state)}</b> {step.attempts > 1 && `×${step.attempts} `}
        {length !== null && duration(length)}
      </span>
    </div>
  )
}

function Join() {
  return (
    <div className="join">
      <Ends />
    </div>
  )
}

function Pass() {
  return <Ends />
}

function Ends() {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  )
}
