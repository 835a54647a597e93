using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;

namespace Grapnel.Server.Tests.Commands;

/// <summary>The built executable as a real process, in a folder of its own.</summary>
internal sealed class GrapnelProcess : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly StringBuilder _seen = new();
    private readonly Task<string> _errors;
    private readonly Task _output;

    public GrapnelProcess(string folder, params string[] arguments) : this(folder, arguments, [])
    {
    }

    public GrapnelProcess(string folder, string[] arguments, (string Name, string Value)[] settings, string? input = null)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "grapnel.exe" : "grapnel"), arguments)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = input is not null,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("GRAPNEL_", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        start.Environment["TMPDIR"] = folder;
        _process = Process.Start(start)!;
        if (input is not null)
            WriteInput(input);
        _errors = _process.StandardError.ReadToEndAsync();
        _output = ReadOutputAsync();
    }

    /// <summary>The id that the operating system gave it.</summary>
    public int Id => _process.Id;

    /// <summary>All that it wrote to standard output; complete when it has ended.</summary>
    public string Output => _seen.ToString();

    /// <summary>All that it wrote to standard error; complete when it has ended.</summary>
    public Task<string> Errors => _errors;

    /// <summary>Runs a command to its end.</summary>
    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(string folder, params string[] arguments) =>
        RunWithInputAsync(folder, input: null, arguments);

    /// <summary>Runs a command to its end, with a text as its standard input.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunWithInputAsync(string folder, string? input, params string[] arguments)
    {
        await using var process = new GrapnelProcess(folder, arguments, [], input);
        var exitCode = await process.WaitForExitAsync();
        return (exitCode, process._seen.ToString(), await process._errors);
    }

    /// <summary>Waits for a line that fits, passing over others.</summary>
    public async Task<string> WaitForLineAsync(Func<string, bool> fits)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync(patience.Token))
                if (fits(line))
                    return line;
        }
        catch (OperationCanceledException) { }
        throw new InvalidOperationException($"The line did not come. Output: {_seen}{Environment.NewLine}Errors: {(_errors.IsCompleted ? await _errors : "")}");
    }

    /// <summary>
    /// Presses Ctrl+C. A shell starts background jobs, and with them perhaps these tests, deaf to SIGINT, and children inherit that: then
    /// SIGTERM, which takes the same way through the program, stands in.
    /// </summary>
    public void Interrupt() => Kill(_process.Id, IsInterruptIgnored() ? 15 : 2).ShouldBe(0);

    /// <summary>Ends it by SIGKILL, in the middle of whatever it does.</summary>
    public Task KillAsync()
    {
        _process.Kill();
        return WaitForExitAsync();
    }

    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Patience);
        await _output;
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _output;
        _process.Dispose();
    }

    private void WriteInput(string input)
    {
        _process.StandardInput.Write(input);
        _process.StandardInput.Close();
    }

    private async Task ReadOutputAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            _seen.AppendLine(line);
            _lines.Writer.TryWrite(line);
        }
        _lines.Writer.Complete();
    }

    private static bool IsInterruptIgnored()
    {
        const string status = "/proc/self/status";
        var ignored = File.Exists(status) ? File.ReadLines(status).FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) : null;
        return ignored is not null && (Convert.ToUInt64(ignored["SigIgn:".Length..].Trim(), 16) & 0b10) != 0;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
