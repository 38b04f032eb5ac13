using System.Net;

namespace Ebb.Clouds;

/// <summary>A cloud call that failed in a way nobody plans for.</summary>
public sealed class CloudException(string message, HttpStatusCode? status = null, string? code = null, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>Null when nothing answered.</summary>
    public HttpStatusCode? Status { get; } = status;

    /// <summary>The cloud's own error code; null when it gave none.</summary>
    public string? Code { get; } = code;

    /// <summary>Whether what was asked for may have been done all the same.</summary>
    public bool MayBeDone => Status is null or >= HttpStatusCode.InternalServerError;
}
