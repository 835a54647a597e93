using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Deploy;

/// <summary>A real nginx with <c>deploy/nginx.conf</c>, of which nothing is changed but addresses, ports and places of files.</summary>
internal sealed partial class NginxServer : IAsyncDisposable
{
    private static readonly string[] Places = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];

    private readonly Process _process;
    private readonly TestCertificates _certificates;
    private readonly string _folder;

    private NginxServer(Process process, TestCertificates certificates, string folder, int plain, int tls)
    {
        (_process, _certificates, _folder) = (process, certificates, folder);
        (Plain, Address) = (new Uri($"http://127.0.0.1:{plain}"), new Uri($"https://127.0.0.1:{tls}"));
    }

    /// <summary>Where it speaks TLS.</summary>
    public Uri Address { get; }

    /// <summary>Where it only sends people to TLS.</summary>
    public Uri Plain { get; }

    /// <summary>What it logged of each request, as JSON.</summary>
    public string[] AccessLog => File.ReadAllLines(Path.Combine(_folder, "access.log"));

    public static async Task<NginxServer> StartAsync(TestCertificates certificates, Uri first, Uri second)
    {
        var program = Array.Find(Places, File.Exists);
        program.ShouldNotBeNull("nginx is missing; ./test.sh installs it.");
        var folder = Directory.CreateTempSubdirectory("grapnel-nginx-").FullName;
        // Started as root, it works as somebody else.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        Directory.CreateDirectory(Path.Combine(folder, "cache"));
        using var certificate = certificates.Issue("127.0.0.1");
        await File.WriteAllTextAsync(Path.Combine(folder, "fullchain.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(folder, "privkey.pem"), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        var (plain, tls) = (Ports.Free(), Ports.Free());
        await File.WriteAllTextAsync(Path.Combine(folder, "nginx.conf"), Localize(folder, plain, tls, first, second));

        var process = Process.Start(new ProcessStartInfo(program, ["-p", folder, "-c", Path.Combine(folder, "nginx.conf"), "-e", Path.Combine(folder, "error.log"), "-g", "daemon off;"])
        {
            RedirectStandardError = true,
        })!;
        var nginx = new NginxServer(process, certificates, folder, plain, tls);
        try
        {
            await nginx.WaitUntilListeningAsync();
            return nginx;
        }
        catch
        {
            await nginx.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client that trusts its certificate.</summary>
    public HttpClient CreateClient(string? key)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false, AllowAutoRedirect = false, UseCookies = false,
            SslOptions = { CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck } },
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(_certificates.Roots);
        var client = new HttpClient(handler)
        {
            BaseAddress = Address, Timeout = Eventually.Limit,
            DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await Signal.SendAsync("TERM", _process.Id);
        await _process.WaitForExitAsync().WaitAsync(Eventually.Limit);
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Localize(string folder, int plain, int tls, Uri first, Uri second)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "deploy", "nginx.conf"));
        foreach (var (theirs, ours) in new (string, string)[]
        {
            ("server grapnel-1:8000", $"server {first.Authority}"), ("server grapnel-2:8000", $"server {second.Authority}"),
            ("listen 80 ", $"listen 127.0.0.1:{plain} "), ("listen 443 ", $"listen 127.0.0.1:{tls} "),
            ("/etc/nginx/tls", folder), ("/var/cache/nginx", Path.Combine(folder, "cache")), ("/var/log/nginx", folder), ("/run/nginx.pid", Path.Combine(folder, "nginx.pid")),
            // A machine of tests needs fewer.
            ("worker_processes auto", "worker_processes 1"), ("worker_rlimit_nofile 65536", "worker_rlimit_nofile 4096"), ("worker_connections 16384", "worker_connections 1024"),
        })
        {
            text.ShouldContain(theirs);
            text = text.Replace(theirs, ours);
        }
        Directives().Matches(text).Count.ShouldBe(0, "a place outside of the test's folder");
        return text;
    }

    private Task WaitUntilListeningAsync() => Eventually.IsTrueAsync("nginx listens", async () =>
    {
        if (_process.HasExited)
            throw new InvalidOperationException($"nginx ended: {await _process.StandardError.ReadToEndAsync()}");
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Address.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    });

    [GeneratedRegex(@"^\s*[a-z_]+ /(etc|var|run|usr)/", RegexOptions.Multiline)]
    private static partial Regex Directives();
}
