using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Grapnel.Server.Api.Description;

/// <summary>
/// The OpenAPI document as text. Anybody may ask for it, and making it takes a tenth of a second of a processor: so it is made once, and only the
/// address that a request came to is put in anew.
/// </summary>
internal sealed class DescribedDocument
{
    public const string Name = "v1";

    /// <summary>Stands in the document for the address that a request came to.</summary>
    public const string Here = "https://here.invalid";

    private readonly Lazy<Task<ReadOnlyMemory<byte>[]>> _parts;

    public DescribedDocument([FromKeyedServices(Name)] IOpenApiDocumentProvider provider) => _parts = new(() => MakeAsync(provider));

    public async Task AnswerAsync(HttpContext http)
    {
        var parts = await _parts.Value;
        var here = JsonEncodedText.Encode($"{http.Request.Scheme}://{http.Request.Host}").EncodedUtf8Bytes.ToArray();
        http.Response.ContentType = JsonReply.MediaType;
        http.Response.ContentLength = parts.Sum(part => part.Length) + (parts.Length - 1) * here.Length;
        await http.Response.Body.WriteAsync(parts[0], http.RequestAborted);
        foreach (var part in parts.Skip(1))
        {
            await http.Response.Body.WriteAsync(here, http.RequestAborted);
            await http.Response.Body.WriteAsync(part, http.RequestAborted);
        }
    }

    // What stands before, between and behind the places of the address.
    private static async Task<ReadOnlyMemory<byte>[]> MakeAsync(IOpenApiDocumentProvider provider)
    {
        var document = await provider.GetOpenApiDocumentAsync();
        var text = await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1);
        return [.. text.Split(Here).Select(part => new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes(part)))];
    }
}
