# kept = ["value: []"]

import os

def f(n):
    found = []
    for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/crio/crio.sock",
                 "/var/run/secrets/kubernetes.io/serviceaccount/token", "/root/.ssh", "/root/.bashrc", "/etc/shadow"):
        try:
            os.close(os.open(path, os.O_RDONLY))
            found.append(path)
        except OSError:
            pass
    return found
