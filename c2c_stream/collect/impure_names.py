"""Names of the standard library that reach beyond their arguments, by what they reach for.

A name stands for all below it; the longest that matches decides.
"""

from c2c_stream.reasons import Reason

IMPURE: dict[Reason, str] = {
    Reason.IMPURE_FILE: """
        builtins.open io.open io.FileIO io.open_code codecs.open os shutil tempfile glob fileinput
        linecache pathlib.Path pathlib.PosixPath pathlib.WindowsPath zipfile tarfile gzip.open
        bz2.open lzma.open sqlite3 dbm shelve mailbox netrc filecmp zipapp zipimport tokenize.open
        os.path.abspath os.path.exists os.path.expanduser os.path.getatime os.path.getctime
        os.path.getmtime os.path.getsize os.path.isdir os.path.isfile os.path.islink
        os.path.ismount os.path.lexists os.path.realpath os.path.relpath os.path.samefile
        os.path.samestat os.path.sameopenfile compileall py_compile mimetypes wave
        logging.FileHandler logging.handlers logging.config
    """,
    Reason.IMPURE_ENV: """
        os.environ os.environb os.getenv os.getcwd os.getpid os.getuid os.getlogin os.uname
        os.cpu_count os.get_terminal_size os.path.expandvars os.name sys.argv sys.path
        sys.modules sys.platform sys.executable sys.prefix sys.base_prefix sys.exec_prefix
        sys.flags sys.version sys.version_info sys.hexversion sys.implementation sys.getrefcount
        sys.getsizeof sys.exc_info sys.stdout sys.stderr sys.__stdout__ sys.__stderr__
        sys.meta_path sys.path_hooks sys.path_importer_cache sys.warnoptions
        sys.getfilesystemencoding sys.getrecursionlimit sys.setrecursionlimit platform sysconfig
        site getpass locale gettext resource tracemalloc gc faulthandler
        traceback.print_stack traceback.extract_stack traceback.format_stack
    """,
    Reason.IMPURE_INPUT: "builtins.input builtins.help sys.stdin sys.__stdin__ cmd pdb bdb",
    Reason.IMPURE_DYNAMIC: """
        builtins.eval builtins.exec builtins.compile builtins.__import__ builtins.globals
        builtins.locals builtins.vars builtins.breakpoint importlib pkgutil runpy inspect code
        codeop sys._getframe sys._current_frames sys.settrace sys.setprofile ctypes pickle.load
        pickle.loads pickle.Unpickler marshal.loads marshal.load doctest unittest pydoc trace
        timeit profile cProfile pstats modulefinder atexit
    """,
    Reason.IMPURE_PROCESS: """
        builtins.exit builtins.quit sys.exit os.system os.fork os.popen os.kill os._exit os.abort
        os.execv os.execve os.execvp os.execl os.execlp os.spawnl os.spawnv os.wait os.waitpid
        os.nice os.killpg os.posix_spawn subprocess multiprocessing threading _thread concurrent
        signal sched asyncio selectors select queue _posixsubprocess
    """,
    Reason.IMPURE_RANDOM: """
        random _random secrets os.urandom os.getrandom uuid.uuid1 uuid.uuid4 uuid.getnode
        ssl.RAND_bytes
    """,
    Reason.IMPURE_TIME: """
        time datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today
        datetime.datetime.fromtimestamp datetime.date.today datetime.date.fromtimestamp
        email.utils.formatdate email.utils.localtime email.utils.make_msgid zoneinfo
    """,
    Reason.IMPURE_NETWORK: """
        socket _socket ssl _ssl urllib.request http.client http.server http.cookiejar ftplib
        poplib imaplib smtplib xmlrpc socketserver wsgiref webbrowser
    """,
}
# Pure, although a name above them is not.
PURE = """
    os.path os.fspath os.fsencode os.fsdecode os.PathLike os.error os.strerror os.linesep os.sep
    os.altsep os.extsep os.curdir os.pardir random.Random time.strptime time.struct_time
    time.gmtime inspect.Parameter inspect.cleandoc inspect.isclass inspect.isfunction
    inspect.ismethod inspect.isbuiltin inspect.isgenerator inspect.ismodule inspect.isroutine
    queue.Empty queue.Full queue.PriorityQueue
"""
