"""Lines of containers' logs, and the records that come of them."""

ID = "0123456789abcdef" * 4


def cri(n, stream, flag, message):
    return f"2025-01-02T03:04:05.{n:09d}Z {stream} {flag} {message}\n"


def write(root, pod, namespace, container, lines):
    path = f"{root}/var/log/containers/{pod}_{namespace}_{container}-{ID}.log"
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(lines)


def wanted(cluster, pod, namespace, container, n, stream, message, /, **more):
    return {
        "_time": f"2025-01-02T03:04:05.{n:09d}Z",
        "stream": stream,
        "_msg": message,
        "k8s_namespace_name": namespace,
        "k8s_pod_name": pod,
        "k8s_container_name": container,
        **cluster,
        **more,
    }


def packed(text):
    """What becomes of a text by msgpack: its length can hold no zero byte."""
    size = len(text)
    if size > 65_535:
        pieces = [text[at : at + 65_500] for at in range(0, size, 65_500)]
        return [packed(piece) for piece in pieces]
    return text + " " if size and size % 256 == 0 else text


def cut(text):
    """A line as containerd cuts it."""
    size = 16_384
    return [text[at : at + size] for at in range(0, len(text), size)]


def fragments(n, stream, pieces):
    """Their lines, each with a time of its own."""
    last = len(pieces) - 1
    return [cri(n + i, stream, "F" if i == last else "P", piece) for i, piece in enumerate(pieces)]
