"""The names of CircuitPython's modules, as far as the virtual board has them.

A module shows on-board code these names only. A test compares them with circuitpython-stubs, which lack
some modules of the standard library. Source of those: CircuitPython 10.3's sources, the tables
`*_globals_table` of py/, extmod/ and shared-bindings/, with the settings of the Raspberry Pi Pico.
"""

_NAMES = {
    "analogio": "AnalogIn AnalogOut",
    "array": "array",
    "audiobusio": "I2SOut PDMIn",
    "binascii": "a2b_base64 b2a_base64 crc32 hexlify unhexlify",
    # Its pins differ between boards.
    "board": "I2C SPI UART board_id",
    "builtins": """
                ArithmeticError AssertionError AttributeError BaseException BrokenPipeError
        ConnectionError EOFError         Ellipsis Exception FutureWarning GeneratorExit ImportError
        IndentationError IndexError KeyError         KeyboardInterrupt LookupError MemoryError
        NameError NotImplemented NotImplementedError OSError         OverflowError RuntimeError
        StopAsyncIteration StopIteration SyntaxError SystemExit TimeoutError         TypeError
        UnicodeError ValueError Warning ZeroDivisionError         __build_class__ __debug__
        __import__ __name__         abs all any bin bool bytearray bytes callable chr classmethod
        compile complex delattr dict dir divmod         enumerate eval exec filter float frozenset
        getattr globals hasattr hash help hex id input int         isinstance issubclass iter len
        list locals map max memoryview min next object oct open ord pow print         property range
        repr reversed round set setattr slice sorted staticmethod str sum super tuple type zip
        """,
    "busio": "I2C SPI UART",
    "collections": "OrderedDict deque namedtuple",
    "digitalio": "DigitalInOut Direction DriveMode Pull",
    "errno": """
        EACCES EADDRINUSE EAGAIN EALREADY EBADF ECONNABORTED ECONNREFUSED ECONNRESET EEXIST EHOSTUNREACH
        EINPROGRESS EINVAL EIO EISDIR ENOBUFS ENODEV ENOENT ENOMEM ENOSPC ENOTCONN EOPNOTSUPP EPERM EROFS
        ETIMEDOUT errorcode
        """,
    "gc": "collect disable enable isenabled mem_alloc mem_free",
    "hashlib": "Hash new",
    "io": "BytesIO IOBase StringIO open",
    "json": "dump dumps load loads",
    "math": """
        acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh degrees dist e erf erfc exp expm1
        fabs floor fmod frexp gamma isfinite isinf isnan ldexp lgamma log log10 log2 modf pi pow radians
        sin sinh sqrt tan tanh trunc
        """,
    "microcontroller": """
        Pin Processor ResetReason RunMode cpu cpus delay_us disable_interrupts enable_interrupts nvm
        on_next_reset reset watchdog
        """,
    "micropython": "const",
    "os": """
        chdir getcwd getenv listdir mkdir remove rename rmdir sep stat statvfs sync uname unlink urandom
        utime
        """,
    "random": "choice getrandbits randint random randrange seed uniform",
    "re": "compile match search sub",
    "select": "POLLERR POLLHUP POLLIN POLLOUT poll select",
    "storage": """
        VfsFat disable_usb_drive enable_usb_drive erase_filesystem getmount mount remount umount
        unsafe_disable_usb_drive
        """,
    "struct": "calcsize pack pack_into unpack unpack_from",
    "supervisor": """
        RunReason Runtime SafeModeReason StatusBar get_previous_traceback get_setting reload
        reset_terminal runtime set_next_code_file set_usb_identification status_bar ticks_ms
        """,
    "sys": """
        argv byteorder exit implementation maxsize modules path platform stderr stdin stdout version
        version_info
        """,
    "time": "localtime mktime monotonic monotonic_ns sleep struct_time time",
    "touchio": "TouchIn",
    "traceback": "format_exception print_exception",
    # circuitpython-stubs lack its __version__.
    "ulab": "__version__ dtype numpy scipy user utils",
    "usb_cdc": "Serial console data disable enable",
    "warnings": "simplefilter warn",
    "zlib": "decompress",
}
NAMES = {module: frozenset(names.split()) for module, names in _NAMES.items()}
