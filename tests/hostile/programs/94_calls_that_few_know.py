# machine = "x86_64"
# kept = ["value: []"]

import ctypes

# Handles by number (shocker), new mounts, keys, modules, clocks, swap, memory of others, notifications,
# queues and semaphores, splicing, memory policy, the descriptor table of another, io_uring's three.
NUMBERS = """
    29 30 31 33 40 42 43 46 49 50 53 62 64 65 66 68 69 83 86 88 101 103 105 106 109 112 113 114 116 117 119
    122 123 125 126 133 135 136 140 141 142 144 149 151 153 154 155 159 160 161 163 164 165 166 167 168
    169 170 171 172 173 175 176 179 188 200 203 205 211 212 216 227 234 237 238 240 241 246 248 249 250 253 256
    259 265 266 272 275 276 278 279 280 282 283 284 288 289 290 293 294 298 300 303 304 305 308 310 311 312 313 314
    317 319 320 321 322 323 326 329 330 331 333 424 425 426 427 428 429 430 431 432 433 434 435 437 438 440 441
    442 443 444 445 446 447 448 449 450 451 453 454 457 458 459 460 461 462
"""

def f(n):
    libc = ctypes.CDLL(None, use_errno=True)
    let_in = []
    for number in map(int, NUMBERS.split()):
        ctypes.set_errno(0)
        result = libc.syscall(number, 0, 0, 0, 0, 0, 0)
        if result != -1 or ctypes.get_errno() != 1:
            let_in.append((number, result, ctypes.get_errno()))
    return let_in
