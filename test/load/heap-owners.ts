/**
 * Heap owners: what of the heap hangs on the objects of some classes, by a snapshot of it.
 *
 * What several hold is counted for the first that is named; what none of them holds is `others`.
 */
import { text } from "node:stream/consumers";
import { getHeapSnapshot } from "node:v8";

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[]];
      readonly edge_fields: readonly string[];
      readonly edge_types: readonly [readonly string[]];
    };
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

/** Not gone through: code belongs to nobody, and a closure leads to everything. */
const PASSED_OVER = new Set(["code", "closure", "native", "synthetic", "object shape"]);

/**
 * @param owners names of classes.
 * @param bounds names of classes that lead from one owner to another.
 * @returns bytes by owner.
 */
export async function heapOwners(
  owners: readonly string[],
  bounds: readonly string[] = [],
): Promise<ReadonlyMap<string, number>> {
  const heap = JSON.parse(await text(getHeapSnapshot())) as Snapshot;
  const { nodes, edges, strings } = heap;
  const { node_fields, node_types, edge_fields, edge_types } = heap.snapshot.meta;
  const [width, edgeWidth] = [node_fields.length, edge_fields.length];
  const [edgeCount, size] = [node_fields.indexOf("edge_count"), node_fields.indexOf("self_size")];
  const count = nodes.length / width;
  const typeOf = (node: number) => node_types[0][nodes[node * width]!]!;
  const classOf = (node: number) =>
    typeOf(node) === "object" ? strings[nodes[node * width + 1]!]! : "";
  const firstEdge = new Int32Array(count + 1);
  for (let node = 0; node < count; node++) {
    firstEdge[node + 1] = firstEdge[node]! + nodes[node * width + edgeCount]!;
  }
  const ownerOf = Array.from({ length: count }, (): string | undefined => undefined);
  const isBound = new Set([...owners, ...bounds]);
  for (const owner of owners) {
    const open: number[] = [];
    const claim = (node: number): void => {
      ownerOf[node] = owner;
      open.push(node);
    };
    for (let node = 0; node < count; node++) {
      if (ownerOf[node] === undefined && classOf(node) === owner) claim(node);
    }
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge++) {
        if (edge_types[0][edges[edge * edgeWidth]!] === "weak") continue;
        const to = edges[edge * edgeWidth + 2]! / width;
        const isOpen = ownerOf[to] === undefined && !PASSED_OVER.has(typeOf(to));
        if (isOpen && !isBound.has(classOf(to))) claim(to);
      }
    }
  }
  const bytes = new Map([...owners, "others"].map((owner) => [owner, 0]));
  for (let node = 0; node < count; node++) {
    const owner = ownerOf[node] ?? "others";
    bytes.set(owner, bytes.get(owner)! + nodes[node * width + size]!);
  }
  return bytes;
}
